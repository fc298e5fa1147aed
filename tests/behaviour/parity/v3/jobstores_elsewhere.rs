//! `tests/test_jobstores.py` of 3.11: constructors of stores that other databases need.

use std::sync::Arc;

use punctual_store::{JobStore, MemoryStore, conformance};

use crate::case::{Case, different};
use crate::doc_table::has_row;
use crate::fixture::{Fixture, every, nothing, paused};

const BY_VALUE: &str =
    "a store is made by the application and handed in as a value, so nothing is looked up by path";

const NOT_HERE: &str = "this database is left to a store of one's own: the contract and the conformance suite are the door";

/// A store that the application made, and goes on holding.
fn a_store_is_a_value() {
    paused(async {
        let store = MemoryStore::new();
        let fixture = Fixture::with(|builder| builder.store("default", store.clone()));
        fixture
            .scheduler
            .add_job(nothing, every(60))
            .id("a")
            .await
            .unwrap();
        let held: Arc<dyn JobStore> = Arc::new(store);
        let found = held.get("a".try_into().unwrap()).await.unwrap();
        assert!(found.is_some());
    });
}

/// The suite for stores of one's own is there, and `docs/from-apscheduler.md` says so.
fn there_is_a_door(row: &str) {
    has_row(row);
    paused(async {
        let faults = conformance::check(async || MemoryStore::new()).await;
        assert!(faults.is_empty(), "{faults:?}");
    });
}

pub(crate) const CASES: &[Case] = &[
    different("test_repr_sqlalchemyjobstore", BY_VALUE, || {
        has_row("SQLAlchemyJobStore");
    }),
    different("test_repr_mongodbjobstore", NOT_HERE, || {
        there_is_a_door("MongoDBJobStore");
    }),
    different("test_repr_redisjobstore", NOT_HERE, || {
        there_is_a_door("RedisJobStore");
    }),
    different("test_repr_zookeeperjobstore", NOT_HERE, || {
        there_is_a_door("ZooKeeperJobStore");
    }),
    different("test_repr_etcdjobstore", NOT_HERE, || {
        there_is_a_door("EtcdJobStore");
    }),
    different("test_sqlalchemy_engine_ref", BY_VALUE, a_store_is_a_value),
    different(
        "test_sqlalchemy_missing_engine",
        BY_VALUE,
        a_store_is_a_value,
    ),
    different("test_mongodb_client_ref", NOT_HERE, a_store_is_a_value),
    different("test_zookeeper_client_ref", NOT_HERE, a_store_is_a_value),
    different(
        "test_zookeeper_client_keep_open",
        NOT_HERE,
        a_store_is_a_value,
    ),
    different("test_mongodb_null_database", NOT_HERE, || {
        there_is_a_door("MongoDBJobStore");
    }),
    different("test_mongodb_null_collection", NOT_HERE, || {
        there_is_a_door("MongoDBJobStore");
    }),
    different("test_zookeeper_null_path", NOT_HERE, || {
        there_is_a_door("ZooKeeperJobStore");
    }),
    different("test_etcd_null_path", NOT_HERE, || {
        there_is_a_door("EtcdJobStore");
    }),
    different("test_etcd_client_ref", NOT_HERE, a_store_is_a_value),
];
