//! A collector of all logs of this process, at any level: of `log` and of `tracing`, with the fields of spans.

use std::fmt::Debug;

/// Receives each line.
pub(crate) type Sink = fn(String);

struct Collector(Sink);

/// Passes all logs of this process to `sink`, from now on. Only the first call in a process works.
pub(crate) fn install(sink: Sink) {
    log::set_logger(Box::leak(Box::new(Collector(sink)))).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    tracing::subscriber::set_global_default(Collector(sink)).unwrap();
}

impl log::Log for Collector {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0(format!("{} {}\n", record.target(), record.args()));
    }

    fn flush(&self) {}
}

impl tracing::Subscriber for Collector {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut Fields(span.metadata().target(), self.0));
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut Fields("", self.0));
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Fields(event.metadata().target(), self.0));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

struct Fields(&'static str, Sink);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        self.1(format!("{} {field}={value:?}\n", self.0));
    }
}
