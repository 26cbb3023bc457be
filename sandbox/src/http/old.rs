//! The versions before 2025-09-30.clover, as far as discounts go: a discount holds its coupon in full, though that is deleted and another
//! has its id. All else is as it is today.

use std::borrow::Cow;

use super::query::Query;
use crate::json::Json;
use crate::world::{ON_DEMAND, World};

/// The first day of the versions in which a discount names its source.
const SOURCE_SINCE: &str = "2025-09-30";

/// Whether a version is one of those.
pub(crate) fn is_old(version: &str) -> bool {
    version.get(..SOURCE_SINCE.len()).is_some_and(|day| day < SOURCE_SINCE)
}

/// What a path of these versions is called today.
pub(crate) fn path_of_today<'a>(path: &'a str, query: &Query) -> Cow<'a, str> {
    if query.is_old() {
        Cow::Owned(
            path.replace(".coupon", ".source.coupon")
                .replace("source.source", "source"),
        )
    } else {
        Cow::Borrowed(path)
    }
}

/// The answer in their shape.
pub(crate) fn answer(world: &World, mut answer: Json, query: &Query) -> Json {
    rewrite(world, &mut answer, query);
    answer
}

fn rewrite(world: &World, value: &mut Json, query: &Query) {
    match value {
        Json::Array(entries) => entries.iter_mut().for_each(|entry| rewrite(world, entry, query)),
        Json::Object(_) if value["object"] == "discount" => tell_coupon(world, value, query),
        Json::Object(fields) => fields.values_mut().for_each(|field| rewrite(world, field, query)),
        _ => {}
    }
}

fn tell_coupon(world: &World, discount: &mut Json, query: &Query) {
    let mut coupon = world
        .coupon_given(discount)
        .map(|(_, coupon)| coupon)
        .unwrap_or_default();
    if let Some(fields) = coupon.as_object_mut() {
        let asked = query.all("expand");
        for name in ON_DEMAND {
            if !asked.iter().any(|path| path.ends_with(name)) {
                fields.remove(name);
            }
        }
    }
    discount["coupon"] = coupon;
    if let Some(fields) = discount.as_object_mut() {
        fields.remove("source");
    }
}

#[cfg(test)]
mod tests {
    use super::is_old;

    #[test]
    fn acacia_is_old_and_clover_is_not() {
        assert!(is_old("2025-02-24.acacia") && is_old("2025-08-27.basil"));
        assert!(!is_old("2025-09-30.clover") && !is_old("2026-10-28.endive"));
    }
}
