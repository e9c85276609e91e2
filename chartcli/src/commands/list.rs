//! `chart list`.

use chartcore::Compat;
use chartcore::data::{Value, json};
use chartcore::release::{ListOptions, Order, Release, StatusFilter};

use super::release_report::{Format, structured};
use super::{Context, Outcome, releases};
use crate::flags::{Flag, Kind};
use crate::output::Table;

use Kind::{Count, Switch, Text};

/// `chart list`.
pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("all", Switch, "show all releases without any filter applied").short('a').only(Compat::Helm3),
    Flag::new("all-namespaces", Switch, "list releases across all namespaces").short('A'),
    Flag::new("date", Switch, "sort by release date").short('d'),
    Flag::new("deployed", Switch, "show deployed releases"),
    Flag::new("failed", Switch, "show failed releases"),
    Flag::new("filter", Text("regex"), "only releases whose names match").short('f'),
    Flag::new("max", Count("int"), "maximum number of releases to fetch (default 256)").short('m'),
    Flag::new("no-headers", Switch, "don't print headers when using the default output format"),
    Flag::new("offset", Count("int"), "next release index in the list"),
    releases::OUTPUT,
    Flag::new("pending", Switch, "show pending releases"),
    Flag::new("reverse", Switch, "reverse the sort order").short('r'),
    Flag::new("selector", Text("string"), "label selector of the records").short('l'),
    Flag::new("short", Switch, "output short (quiet) listing format").short('q'),
    Flag::new("superseded", Switch, "show superseded releases"),
    Flag::new("time-format", Text("layout"), "format time with this Go layout"),
    Flag::new("uninstalled", Switch, "show uninstalled releases (if their history was kept)"),
    Flag::new("uninstalling", Switch, "show releases that are being uninstalled"),
];

/// Lists releases.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let format = Format::of(context)?;
    let number =
        |flag: &str, default: usize| given.text(flag).and_then(|text| text.parse().ok()).unwrap_or(default);
    let options = ListOptions {
        statuses: statuses(context),
        filter: given.text("filter").unwrap_or_default().to_owned(),
        selector: given.text("selector").unwrap_or_default().to_owned(),
        order: if given.switch("date") { Order::Date } else { Order::Name },
        reverse: given.switch("reverse"),
        max: number("max", 256),
        offset: number("offset", 0),
    };
    let found = releases::open_in(context, given.switch("all-namespaces"))?.list(&options)?;
    if given.switch("short") {
        return short(&found, format);
    }
    let updated: Vec<String> =
        found.iter().map(|release| updated(context, release)).collect::<Result<_, _>>()?;
    if format == Format::Table {
        let mut table = Table::new(usize::MAX);
        if !given.switch("no-headers") {
            table.row(["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"]);
        }
        for (release, updated) in found.iter().zip(&updated) {
            table.row(row(release, updated));
        }
        crate::output::print(format!("{table}\n").as_bytes());
        return Ok(());
    }
    let keys = ["name", "namespace", "revision", "updated", "status", "chart", "app_version"];
    let mut text = vec![b'['];
    for (index, (release, updated)) in found.iter().zip(&updated).enumerate() {
        if index > 0 {
            text.push(b',');
        }
        object(&mut text, keys.iter().copied().zip(row(release, updated).map(Value::from)));
    }
    text.push(b']');
    structured(&text, format)
}

/// Helm 4 shows everything, Helm 3 what is deployed or failed.
fn statuses(context: &Context<'_>) -> StatusFilter {
    let given = &context.given;
    if given.switch("all") {
        return StatusFilter::all();
    }
    let chosen = StatusFilter {
        deployed: given.switch("deployed"),
        uninstalled: given.switch("uninstalled"),
        uninstalling: given.switch("uninstalling"),
        pending: given.switch("pending"),
        failed: given.switch("failed"),
        superseded: given.switch("superseded"),
    };
    match (chosen.is_empty(), context.settings.compat) {
        (false, _) => chosen,
        (true, Compat::Helm3) => StatusFilter { deployed: true, failed: true, ..chosen },
        (true, Compat::Helm4) => StatusFilter::all(),
    }
}

fn row(release: &Release, updated: &str) -> [String; 7] {
    [
        release.name.clone(),
        release.namespace.clone(),
        release.revision.to_string(),
        updated.to_owned(),
        release.info.status.to_string(),
        release.chart_title(),
        if release.chart.is_null() { "MISSING".to_owned() } else { release.app_version().to_owned() },
    ]
}

fn updated(context: &Context<'_>, release: &Release) -> Result<String, chartcore::Error> {
    let time = release.info.last_deployed;
    if time.is_zero() {
        return Ok("-".to_owned());
    }
    match context.given.text("time-format").filter(|layout| !layout.is_empty()) {
        None => Ok(time.go_text()),
        Some(layout) => chartcore::render::text(
            "time-format",
            "{{ toDate \"2006-01-02T15:04:05.999999999Z07:00\" .Time | date .Layout }}",
            &[("Time", &time.rfc3339()), ("Layout", layout)],
            context.settings.compat,
            &chartcore::template::SystemHost::new().in_time_zone(&context.settings.time_zone),
        ),
    }
}

fn short(found: &[Release], format: Format) -> Outcome {
    if format == Format::Table {
        let lines: String = found.iter().map(|release| format!("{}\n", release.name)).collect();
        crate::output::print(lines.as_bytes());
        return Ok(());
    }
    let names: Vec<Value> = found.iter().map(|release| Value::from(release.name.as_str())).collect();
    structured(&json::write(&names.into()).unwrap_or_default(), format)
}

/// Writes an object with its keys in this order.
pub(crate) fn object<'k>(out: &mut Vec<u8>, entries: impl Iterator<Item = (&'k str, Value)>) {
    out.push(b'{');
    for (index, (key, value)) in entries.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let written = json::write_into(out, &Value::from(key));
        out.push(b':');
        if written.and_then(|()| json::write_into(out, &value)).is_err() {
            out.extend_from_slice(b"null");
        }
    }
    out.push(b'}');
}
