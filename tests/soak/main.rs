//! The soak: many streams at a time, under random faults and cancellations. Memory stays flat, every call ends in a
//! message or a typed error, and every connection is closed. Nothing is sent once a stream has begun or ended.
//!
//! `make test` runs a short one, `make soak` a long one: `SOAK_STREAMS` is the number of streams, `SOAK_SEED` chooses
//! the faults, and `SOAK_LEAK` leaks this many bytes for each stream, to see the test fail. `docs/soak.md` has figures.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "../fault_matrix/list.rs"]
#[allow(dead_code, reason = "the fault matrix uses the rest")]
mod list;
mod memory;
mod random;
mod server;
mod streams;

use memory::Memory;
use random::Random;
use server::Server;
use streams::Streams;

/// The number of streams at the same time.
const AT_ONCE: usize = 200;

/// The number of streams of the short soak.
const SHORT: usize = 600;

/// Returns a number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_under_faults_leave_nothing_behind() {
    if server::is_server() {
        return server::serve().await;
    }
    let count = setting("SOAK_STREAMS").map_or(SHORT, |count| usize::try_from(count).unwrap());
    let seed = setting("SOAK_SEED").unwrap_or(14);
    let in_round = (count / 20).max(AT_ONCE);
    println!("{count} streams, {AT_ONCE} at a time, over five APIs; SOAK_SEED={seed}");

    let server = Server::start("streams_under_faults_leave_nothing_behind").await;
    let mut streams = Streams::new(&server, count);
    let mut random = Random::new(seed);
    // One call of each chat first: what the process keeps from its first calls is not a leak.
    streams.expect().await;
    let before = memory::held();
    let mut memory = Memory::default();
    let mut clients = streams.clients();
    let start = std::time::Instant::now();
    println!("{:>8} {:>8} {:>8} {:>8} {:>18}", "streams", "seconds", "RSS MB", "heap KB", "open connections");
    for first in (0..count).step_by(in_round) {
        let last = count.min(first + in_round);
        server.push_faults(&mut random, last - first).await;
        streams.run(&clients, first..last, &mut random).await;
        let open = streams.check_round(&server, first..last).await;
        let sample = memory.sample(open);
        let (seconds, heap) = (start.elapsed().as_secs_f64(), sample.heap / 1024);
        println!("{last:>8} {seconds:>8.1} {:>8.1} {heap:>8} {open:>18}", sample.resident_mb());
    }
    // Drops the pools of connections, and everything that the clients still hold for their calls.
    clients.clear();
    drop(clients);
    server.until("all connections are closed", async || server.open_connections().await == 0).await;
    streams.check_end();
    println!("{}", streams.summary());
    memory.check_curve();
    let left = memory::left_since(before).await;
    println!("{left} bytes are left of {count} streams");
    assert!(left < memory::MAX_LEFT, "{left} bytes are left of {count} streams");
    assert_eq!(streams.ended(), count, "every stream ended");
}
