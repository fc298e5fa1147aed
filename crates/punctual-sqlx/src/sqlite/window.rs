//! Jobs that are due soon.

use futures::TryStreamExt;
use punctual_store::{Error, Window, WindowRequest};

use super::Inner;
use super::columns::{self, job_columns};
use super::fault::failed;
use crate::row::micros;

impl Inner {
    /// Rows that cannot be read are passed over: they do not hold up the others.
    pub(super) async fn window(&self, request: WindowRequest) -> Result<Window, Error> {
        let statement = concat!(
            "SELECT ",
            job_columns!(),
            " FROM {p}jobs WHERE paused = 0 AND next_run_time IS NOT NULL \
             ORDER BY next_run_time, incarnation"
        );
        let mut rows = sqlx::query(self.prefix.sql(statement)).fetch(&self.readers);
        let through = micros(Some(request.through));
        let mut window = Window::default();
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            let Ok(stored) = columns::stored(&row) else {
                continue;
            };
            let next = stored.state.next_run_time;
            if micros(next) > through || window.jobs.len() >= request.limit {
                window.beyond = next;
                break;
            }
            window.jobs.push(stored);
        }
        Ok(window)
    }
}
