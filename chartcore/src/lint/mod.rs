//! What is wrong with a chart, without a cluster.
