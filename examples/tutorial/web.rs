//! `@app.post("/jobs")` that calls `scheduler.add_job(remind, "date", ...)`: a user's job from an HTTP handler

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use axum::routing::post;
use axum::{Json, Router};
use punctual::{Args, Output, Scheduler, Trigger};
use serde::Deserialize;
use tower::ServiceExt;

use crate::stage::{Outcome, begin, ledger};

async fn remind(Args(text): Args<String>) -> Output<String> {
    Output(text)
}

/// What a user may send: a text, and when as any trigger. Only `remind` can be called.
#[derive(Deserialize)]
struct Reminder {
    id: String,
    text: String,
    when: Trigger,
}

async fn add(
    State(scheduler): State<Scheduler>,
    Json(reminder): Json<Reminder>,
) -> Result<(StatusCode, String), (StatusCode, String)> {
    let added = scheduler
        .add_job("remind", reminder.when)
        .id(reminder.id)
        .args((reminder.text,))
        // Without this, a date that has passed runs without delay.
        .refuse_past()
        .await;
    match added {
        Ok(job) => Ok((StatusCode::CREATED, job.id().to_string())),
        Err(error) if error.is_conflict() => Err((StatusCode::CONFLICT, error.to_string())),
        Err(error) => Err((StatusCode::UNPROCESSABLE_ENTITY, error.to_string())),
    }
}

/// Sends a request without a network, and says what came back.
async fn send(app: &Router, body: &str) -> Outcome {
    let request = Request::post("/jobs")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))?;
    let response = app.clone().oneshot(request).await?;
    let status = response.status();
    let body = to_bytes(response.into_body(), 10_000).await?;
    println!("{} {}", status.as_u16(), String::from_utf8_lossy(&body));
    Ok(())
}

pub(crate) async fn show() -> Outcome {
    let (scheduler, clock) = begin("a user's job from an HTTP handler", |builder| {
        builder.task("remind", remind)
    })?;
    scheduler.start().await?;
    let app = Router::new()
        .route("/jobs", post(add))
        .with_state(scheduler.clone());

    let tea = r#"{"id": "tea", "text": "tea is ready", "when": {"type": "date", "run_at": "2026-03-02T09:05:00"}}"#;
    send(&app, tea).await?;
    send(&app, tea).await?;
    send(
        &app,
        r#"{"id": "x", "text": "", "when": {"type": "cron", "hour": 24}}"#,
    )
    .await?;

    send(
        &app,
        r#"{"id": "y", "text": "late", "when": {"type": "date", "run_at": "2020-01-01T00:00:00"}}"#,
    )
    .await?;

    clock.advance_to("2026-03-02T08:05:00Z").await;
    println!("{}", ledger(&scheduler, "tea").await?.trim_end());
    Ok(())
}
