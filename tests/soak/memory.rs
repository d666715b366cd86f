//! The memory of this process: its resident size, and what its allocator holds.

use std::time::{Duration, Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// The most bytes that may be left when all clients are dropped. It does not depend on the number of streams.
pub(crate) const MAX_LEFT: isize = 200_000;

/// The most bytes of an idle connection's buffers. By the table in docs/soak.md they are about 28 KB.
const CONNECTION: usize = 40_000;

/// Returns the bytes that are allocated.
pub(crate) fn held() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

/// How long other threads may take to drop what they hold.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the bytes that are allocated beyond `before`, once other threads have dropped theirs.
pub(crate) async fn left_since(before: isize) -> isize {
    let start = Instant::now();
    while held() - before >= MAX_LEFT / 4 && start.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    held() - before
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Bytes that the allocator holds.
    pub(crate) heap: isize,
    /// Open connections.
    connections: usize,
    /// Bytes of the process in memory; 0 where it is not known.
    resident: usize,
}

impl Sample {
    pub(crate) fn resident_mb(self) -> f64 {
        self.resident as f64 / 1e6
    }
}

/// The curve of memory.
#[derive(Debug, Default)]
pub(crate) struct Memory(Vec<Sample>);

impl Memory {
    pub(crate) fn sample(&mut self, connections: usize) -> Sample {
        let sample = Sample { heap: held(), connections, resident: resident().unwrap_or(0) };
        self.0.push(sample);
        sample
    }

    /// Fails if the second half of the curve is above the first. Idle connections have buffers, and their number
    /// depends on how busy the machine is, so it may vary a little.
    pub(crate) fn check_curve(&self) {
        let (first, second) = self.0.split_at(self.0.len().div_ceil(2));
        let most = |samples: &[Sample], of: fn(&Sample) -> usize| samples.iter().map(of).max().unwrap_or(0);
        let heap = |sample: &Sample| usize::try_from(sample.heap).unwrap();
        let (then, now) = (most(first, heap), most(second, heap));
        let more = most(second, |sample| sample.connections).saturating_sub(most(first, |sample| sample.connections));
        let buffers = more * CONNECTION;
        assert!(now < then + then / 4 + 1_000_000 + buffers, "the heap grew from {then} to {now} bytes");
        let (then, now) = (most(first, |sample| sample.resident), most(second, |sample| sample.resident));
        assert!(now < then + then / 4 + 8_000_000 + buffers, "the process grew from {then} to {now} bytes");
    }
}

/// Returns the bytes of this process in memory, on Linux.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<usize>().ok()? * 1024)
}
