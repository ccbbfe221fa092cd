//! Who a citizen is: the pivot, its confirmation by the civil registry, the account, the pairwise subject.
//!
//! ```text
//!  provider's claims ──▶ Pivot ──▶ civil registry ──▶ Confirmed ──▶ AccountKey ──▶ Account ──▶ Admitted
//!                        pivot        civil                          account                     │
//!                                                            Subject (one a sector) ◀── subject ─┘
//! ```

pub mod account;
pub mod civil;
pub mod pivot;
pub mod subject;
