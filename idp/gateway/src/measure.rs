//! `GET /measure`, in a gateway built with the feature `measure` and in no other: what was done since it started.

use std::alloc::System;

use axum::Json;
use domain::measure::{Operation, done};
use serde_json::{Map, Value};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Cryptographic operations by name, `allocations` (grown ones with them) and their `bytes`.
pub(crate) async fn get() -> Json<Map<String, Value>> {
    let memory = COUNTED.stats();
    let mut counts: Map<String, Value> =
        Operation::ALL.into_iter().map(|operation| (operation.name().to_owned(), done(operation).into())).collect();
    counts.insert("allocations".to_owned(), (memory.allocations + memory.reallocations).into());
    counts.insert("bytes".to_owned(), memory.bytes_allocated.into());
    Json(counts)
}
