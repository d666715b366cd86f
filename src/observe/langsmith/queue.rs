//! The bounded queue of operations to send; the oldest is sent first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::run::{Ended, Outcome, Started, Work, content_weight, weight};

/// An operation on a run that waits to be sent: the run's beginning, its end, or both.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) run: Arc<Started>,
    /// Whether the operation creates the run, or updates an existing one.
    pub(super) create: bool,
    pub(super) ended: Option<Ended>,
    weight: usize,
}

impl Item {
    fn new(run: Arc<Started>, create: bool, ended: Option<Ended>) -> Self {
        let begun = match &run.work {
            Work::Chat(chat) => weight(&chat.request.messages),
            Work::Chain { inputs } => inputs.as_str().len(),
        };
        let weight = 512 + begun + ended.as_ref().map_or(0, ended_weight);
        Self { run, create, ended, weight }
    }

    /// Marks the item as lost. A run whose beginning was lost is posted as a whole when it ends.
    pub(super) fn lose(&self) {
        if self.create {
            self.run.lost.store(true, Ordering::Relaxed);
        }
    }
}

fn ended_weight(ended: &Ended) -> usize {
    let outcome = match &ended.outcome {
        Outcome::Message(message) => content_weight(&message.content),
        Outcome::Outputs(outputs) => outputs.as_str().len(),
        Outcome::Failed { error, partial } => {
            error.len() + partial.as_ref().map_or(0, |partial| content_weight(&partial.content))
        }
    };
    outcome + 16 * ended.tokens.len() + ended.retries.iter().map(|retry| 64 + retry.error.len()).sum::<usize>()
}

/// The queued items, up to a number and a size in bytes. When the queue is full, the oldest item is dropped.
#[derive(Debug)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    weight: usize,
    pub(super) most_items: usize,
    pub(super) most_weight: usize,
    /// How many items were dropped.
    pub(super) dropped: u64,
}

impl Queue {
    pub(super) fn new(most_items: usize, most_weight: usize) -> Self {
        Self { items: VecDeque::new(), weight: 0, most_items, most_weight, dropped: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Adds the beginning of a run.
    pub(super) fn begin(&mut self, run: Arc<Started>) {
        self.push(Item::new(run, true, None));
    }

    /// Adds the end of a run. If the beginning is still in the queue, both are posted as one operation.
    pub(super) fn end(&mut self, run: Arc<Started>, ended: Ended) {
        let waits = self.items.iter_mut().rev().find(|item| Arc::ptr_eq(&item.run, &run) && item.ended.is_none());
        let Some(item) = waits else {
            let create = run.lost.load(Ordering::Relaxed);
            return self.push(Item::new(run, create, Some(ended)));
        };
        let more = ended_weight(&ended);
        item.weight += more;
        item.ended = Some(ended);
        self.weight += more;
        self.fit();
    }

    /// The oldest items.
    pub(super) fn take(&mut self, most: usize) -> Vec<Item> {
        let taken: Vec<Item> = self.items.drain(..most.min(self.items.len())).collect();
        self.weight -= taken.iter().map(|item| item.weight).sum::<usize>();
        taken
    }

    fn push(&mut self, item: Item) {
        self.weight += item.weight;
        self.items.push_back(item);
        self.fit();
    }

    fn fit(&mut self) {
        while self.items.len() > self.most_items || self.weight > self.most_weight {
            let Some(oldest) = self.items.pop_front() else { break };
            self.weight -= oldest.weight;
            self.dropped += 1;
            oldest.lose();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::json::Json;
    use crate::observe::langsmith::id::TracePosition;

    fn begun(name: &str) -> Arc<Started> {
        Arc::new(Started {
            place: TracePosition::new(Duration::ZERO, name.into(), None),
            start: Duration::ZERO,
            name: name.into(),
            tags: Vec::new(),
            metadata: Vec::new(),
            work: Work::Chain { inputs: Json::empty_object() },
            lost: Default::default(),
        })
    }

    fn ended(outputs: &str) -> Ended {
        let outcome = Outcome::Outputs(Json::string(outputs));
        Ended { end: Duration::ZERO, outcome, tokens: Vec::new(), retries: Vec::new() }
    }

    fn names(items: &[Item]) -> Vec<(&str, bool, bool)> {
        items.iter().map(|item| (item.run.name.as_str(), item.create, item.ended.is_some())).collect()
    }

    #[test]
    fn queue_posts_a_run_that_ended_while_queued_once() {
        let mut queue = Queue::new(10, usize::MAX);
        let (a, b) = (begun("a"), begun("b"));
        queue.begin(a.clone());
        queue.begin(b.clone());
        queue.end(a, ended(""));
        assert_eq!(names(&queue.take(10)), [("a", true, true), ("b", true, false)]);
        queue.end(b, ended(""));
        assert_eq!(names(&queue.take(10)), [("b", false, true)]);
        assert_eq!((queue.len(), queue.weight), (0, 0));
    }

    #[test]
    fn queue_drops_and_counts_the_oldest_run_when_full() {
        let mut queue = Queue::new(2, usize::MAX);
        ["a", "b", "c", "d"].into_iter().for_each(|name| queue.begin(begun(name)));
        assert_eq!(queue.dropped, 2);
        assert_eq!(names(&queue.take(10)), [("c", true, false), ("d", true, false)]);
    }

    #[test]
    fn queue_drops_runs_over_its_size_in_bytes() {
        let mut queue = Queue::new(100, 10_000);
        for name in ["a", "b", "c"] {
            let run = begun(name);
            queue.begin(run.clone());
            queue.end(run, ended(&"x".repeat(4000)));
        }
        assert_eq!((queue.len(), queue.dropped), (2, 1));
        let huge = begun("huge");
        queue.begin(huge.clone());
        queue.end(huge, ended(&"x".repeat(20_000)));
        assert_eq!((queue.len(), queue.weight), (0, 0), "what fits nowhere is not kept");
    }

    #[test]
    fn queue_posts_a_dropped_run_whole_at_its_end() {
        let mut queue = Queue::new(1, usize::MAX);
        let a = begun("a");
        queue.begin(a.clone());
        queue.begin(begun("b"));
        queue.end(a, ended(""));
        assert_eq!(names(&queue.take(10)), [("a", true, true)]);
    }
}
