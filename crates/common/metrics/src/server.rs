//! The listener.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

/// The type Prometheus expects.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What `/healthz` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// 200.
    Good(String),
    /// 503.
    Bad(String),
}

type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where answers come from.
#[derive(Clone)]
pub struct Source {
    /// The text of `/metrics`; `None` if the daemon does not answer.
    pub metrics: Arc<dyn Fn() -> Answer<Option<String>> + Send + Sync>,
    /// The state for `/healthz`.
    pub health: Arc<dyn Fn() -> Answer<Health> + Send + Sync>,
}

/// Serves until the task is dropped.
///
/// # Errors
/// Those of the listening socket.
pub async fn serve(listener: TcpListener, source: Source) -> std::io::Result<()> {
    let Source { metrics, health } = source;
    let router = Router::new()
        .route(
            "/metrics",
            get(move || {
                let answer = metrics();
                async move {
                    match answer.await {
                        Some(text) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
                        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                    }
                }
            }),
        )
        .route(
            "/healthz",
            get(move || {
                let answer = health();
                async move {
                    match answer.await {
                        Health::Good(text) => (StatusCode::OK, text),
                        Health::Bad(text) => (StatusCode::SERVICE_UNAVAILABLE, text),
                    }
                }
            }),
        );
    axum::serve(listener, router).await
}
