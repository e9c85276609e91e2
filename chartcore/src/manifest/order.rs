//! The order kinds are installed and removed in.

use std::cmp::Ordering;

use crate::Compat;

/// Helm: pkg/release/v1/util/kind_sorter.go, `InstallOrder`. The last two are Helm 4's alone.
static INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Helm: `UninstallOrder`: the reverse, except that a Service goes before what serves it.
static UNINSTALL_ORDER: [&str; 38] = [
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "APIService",
    "Ingress",
    "IngressClass",
    "Service",
    "CronJob",
    "Job",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "Pod",
    "DaemonSet",
    "RoleBindingList",
    "RoleBinding",
    "RoleList",
    "Role",
    "ClusterRoleBindingList",
    "ClusterRoleBinding",
    "ClusterRoleList",
    "ClusterRole",
    "CustomResourceDefinition",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "ConfigMap",
    "SecretList",
    "Secret",
    "ServiceAccount",
    "PodDisruptionBudget",
    "PodSecurityPolicy",
    "LimitRange",
    "ResourceQuota",
    "NetworkPolicy",
    "Namespace",
    "PriorityClass",
];

/// An order of kinds: known ones first in their order, then the others by name. Sort with it stably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindOrder {
    kinds: &'static [&'static str],
}

impl KindOrder {
    /// The order in which resources are created, and printed.
    pub fn install(compat: Compat) -> Self {
        match compat {
            Compat::Helm3 => Self { kinds: &INSTALL_ORDER[..36] },
            Compat::Helm4 => Self { kinds: &INSTALL_ORDER },
        }
    }

    /// The order in which resources are removed.
    pub fn uninstall(compat: Compat) -> Self {
        match compat {
            Compat::Helm3 => Self { kinds: &UNINSTALL_ORDER[2..] },
            Compat::Helm4 => Self { kinds: &UNINSTALL_ORDER },
        }
    }

    /// The kinds it knows, in order.
    pub fn kinds(self) -> &'static [&'static str] {
        self.kinds
    }

    /// Where `kind` stands: known kinds by position, the rest behind them by name.
    fn rank(self, kind: &str) -> (usize, &str) {
        match self.kinds.iter().position(|&known| known == kind) {
            Some(position) => (position, ""),
            None => (self.kinds.len(), kind),
        }
    }

    /// Compares two kinds.
    pub fn compare(self, left: &str, right: &str) -> Ordering {
        self.rank(left).cmp(&self.rank(right))
    }

    /// Sorts `items` by their kind, keeping the order of items of one kind.
    pub fn sort<T>(self, items: &mut [T], kind: impl Fn(&T) -> &str) {
        items.sort_by(|left, right| self.compare(kind(left), kind(right)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_come_last_by_name_and_equal_kinds_keep_their_order() {
        let mut kinds =
            ["Zebra", "Service", "Apple", "Namespace", "Service", "ValidatingWebhookConfiguration"]
                .into_iter()
                .enumerate()
                .collect::<Vec<_>>();
        KindOrder::install(Compat::Helm4).sort(&mut kinds, |kind| kind.1);
        let order: Vec<usize> = kinds.iter().map(|kind| kind.0).collect();
        assert_eq!(order, [3, 1, 4, 5, 2, 0]);
        KindOrder::install(Compat::Helm3).sort(&mut kinds, |kind| kind.1);
        let order: Vec<usize> = kinds.iter().map(|kind| kind.0).collect();
        assert_eq!(order, [3, 1, 4, 2, 5, 0], "webhooks are unknown to Helm 3's order");
    }

    #[test]
    fn both_orders_know_the_same_kinds() {
        for compat in [Compat::Helm3, Compat::Helm4] {
            let mut install = KindOrder::install(compat).kinds().to_vec();
            let mut uninstall = KindOrder::uninstall(compat).kinds().to_vec();
            install.sort_unstable();
            uninstall.sort_unstable();
            assert_eq!(install, uninstall);
            install.dedup();
            assert_eq!(install.len(), uninstall.len());
        }
    }
}
