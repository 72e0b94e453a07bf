//! CPU time, and the cores it is spent on.

use std::fs;

use rustix::thread::{CpuSet, sched_setaffinity};

/// Keeps this process on one core, if there are two to keep apart.
pub(super) fn pin(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    if sched_setaffinity(None, &cores).is_err() {
        eprintln!("Not kept on core {core}, so the figures are noisier");
    }
}

/// The CPU time that this process spends on `work`, in seconds.
pub(super) async fn spent(work: impl Future<Output = ()>) -> f64 {
    let before = of_this_process();
    work.await;
    of_this_process() - before
}

fn of_this_process() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks.map(|task| of_thread(&task.unwrap().path().join("schedstat"))).sum()
}

fn of_thread(schedstat: &std::path::Path) -> f64 {
    let text = fs::read_to_string(schedstat).unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// CPU time of the children that have ended, in seconds.
pub(super) fn of_children() -> f64 {
    // proc(5): the 16th and 17th field, the first after the name in parentheses being the third.
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(13).take(2).map(|field| field.parse::<f64>().unwrap());
    let per_second = u32::try_from(rustix::param::clock_ticks_per_second()).unwrap();
    ticks.sum::<f64>() / f64::from(per_second)
}
