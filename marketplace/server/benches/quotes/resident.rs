//! The memory of this process over time.

use std::fs;
use std::time::Duration;

use tokio::time::interval;

/// What was measured, in megabytes, a sample each half second.
pub(super) struct Resident(Vec<f64>);

impl Resident {
    /// Measures while `work` is under way.
    pub(super) async fn during(work: impl Future<Output = ()>) -> Self {
        let mut samples = Vec::new();
        let mut ticks = interval(Duration::from_millis(500));
        let measure = async {
            loop {
                ticks.tick().await;
                samples.push(megabytes());
            }
        };
        tokio::select! {
            () = work => {}
            () = measure => {}
        }
        Self(samples)
    }

    /// Prints it, and whether it is flat: the last third beside the third before it, as medians, since the
    /// first third fills pools and caches.
    pub(super) fn report(&self, name: &str) {
        let all = &self.0;
        let step = all.len().div_ceil(20);
        let course: Vec<String> =
            all.iter().step_by(step).map(|sample| format!("{sample:.1}")).collect();
        println!("resident memory over time, in MB: {}", course.join(" "));
        let most = all.iter().copied().fold(0.0, f64::max);
        println!(
            "resident memory, in MB: first {:.1}, median {:.1}, max {most:.1}, last {:.1}",
            all[0],
            median(all),
            all[all.len() - 1]
        );
        let third = all.len() / 3;
        let growth = median(&all[2 * third..]) / median(&all[third..2 * third]);
        println!("ratio {name}_memory_last_third {growth:.3}");
        println!("{name}_memory: bar 1.05 {}", if growth <= 1.05 { "met" } else { "MISSED" });
    }
}

fn median(samples: &[f64]) -> f64 {
    let mut samples = samples.to_vec();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Memory that is this process's own.
fn megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}
