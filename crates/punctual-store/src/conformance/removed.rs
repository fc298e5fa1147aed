//! A rule about declared jobs that were removed.

use punctual_core::{Declared, JobId};

use super::fixture::{add, at, due, expect, insert, job, text};
use crate::JobStore;

pub(super) async fn removed(store: &dyn JobStore) -> Result<(), String> {
    let mark = Declared::new("billing", "every day at nine").of_release(7);
    let declared = job("a")?.with_declared(Some(mark.clone()));
    let id = declared.id().clone();
    add(store, insert(declared.clone(), due(at(100))))
        .await
        .map_err(text)?;
    expect(
        "what was removed of one that is there",
        &told(store, &id).await?,
        &None,
    )?;
    store.remove(id.clone(), at(10)).await.map_err(text)?;
    let Some(first) = told(store, &id).await? else {
        // The store remembers no removals.
        return Ok(());
    };
    expect("what was declared of it", &first, &mark)?;
    add(store, insert(job("a")?, due(at(100))))
        .await
        .map_err(text)?;
    expect(
        "what was removed before it came back",
        &told(store, &id).await?,
        &None,
    )?;
    store.remove(id.clone(), at(20)).await.map_err(text)?;
    expect("what no code had declared", &told(store, &id).await?, &None)?;
    add(store, insert(declared, due(at(100))))
        .await
        .map_err(text)?;
    store.clear(at(30)).await.map_err(text)?;
    expect(
        "what went with all others",
        &told(store, &id).await?,
        &Some(mark),
    )?;
    store.forget_removed(id.clone()).await.map_err(text)?;
    expect("what is to be forgotten", &told(store, &id).await?, &None)
}

async fn told(store: &dyn JobStore, id: &JobId) -> Result<Option<Declared>, String> {
    store.removed(id.clone()).await.map_err(text)
}
