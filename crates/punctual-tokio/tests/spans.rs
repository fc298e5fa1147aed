//! A span for each run, for whoever listens. A process of its own: tracing remembers for all
//! threads what one of them, without a listener, has seen first.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[expect(dead_code, reason = "shared with other tests")]
#[path = "it/support.rs"]
mod support;

use support::{Log, every, pass, started};

/// Writes down the fields of spans, and in which span they are entered.
#[derive(Clone, Default)]
struct Listener {
    spans: Log<String>,
    entered: Log<u64>,
    last: std::sync::Arc<AtomicU64>,
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("punctual_tokio")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(span.metadata().name().to_owned());
        span.record(&mut fields);
        self.spans.push(fields.0);
        Id::from_u64(self.last.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        self.entered.push(span.into_u64());
    }

    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn every_run_has_a_span_that_names_it() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let scheduler = started().await;
    let seen = Log::default();
    let inside = seen.clone();
    scheduler
        .add_job(
            move || {
                let inside = inside.clone();
                async move { inside.push(tracing::Span::current().is_disabled()) }
            },
            every(1),
        )
        .id("tick")
        .await
        .unwrap();
    let job = scheduler.add_job(|| {}, every(2)).id("plain");
    job.await.unwrap();
    pass(2).await;
    let spans = listener.spans.all();
    let of = |job: &str| {
        spans
            .iter()
            .filter(|span| span.contains(&format!(" job={job} ")))
            .count()
    };
    assert_eq!((of("tick"), of("plain")), (2, 1), "{spans:?}");
    for field in [" run=", " attempt=1", " scheduled_time=", " lateness_us="] {
        assert!(
            spans
                .iter()
                .all(|span| span.starts_with("run ") && span.contains(field)),
            "{spans:?}"
        );
    }
    assert_eq!(seen.all().len(), 2);
    let entered = listener.entered.all();
    assert!((1..=3).all(|span| entered.contains(&span)), "{entered:?}");
}
