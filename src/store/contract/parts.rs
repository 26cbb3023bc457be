//! Sums that may be larger than 64 bits: amounts are added up in two parts, neither of which can leave them. SQLite's sums end at an
//! overflow.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, SelectStatement, SimpleExpr};
use sea_orm::{DbErr, QueryResult};

const PART: i64 = 1 << 32;

/// The sum of something that 64 bits hold.
pub(super) fn whole(of: SimpleExpr) -> SimpleExpr {
    of.sum().cast_as("bigint")
}

/// Adds up the column `name`.
pub(super) fn add_in_parts(sums: &mut SelectStatement, name: &str) {
    let column = || Expr::col(Alias::new(name));
    sums.expr_as(whole(column().div(PART)), Alias::new(format!("{name}_high")))
        .expr_as(whole(column().modulo(PART)), Alias::new(format!("{name}_low")));
}

/// The sum of the column `name`.
pub(super) fn in_parts(row: &QueryResult, name: &str) -> Result<i128, DbErr> {
    let high: i64 = row.try_get("", &format!("{name}_high"))?;
    let low: i64 = row.try_get("", &format!("{name}_low"))?;
    Ok(i128::from(high) * i128::from(PART) + i128::from(low))
}
