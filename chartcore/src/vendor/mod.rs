//! Dependencies brought into `charts/`: update and build.
