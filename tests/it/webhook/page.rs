//! The page on webhooks names what the code asks for.

use std::collections::BTreeSet;

use tributary::pull::inbox::effect::EVENT_TYPES;
use tributary::stripe::event::WEBHOOK_TYPES;

/// The types of the page's rows that are asked for by `way`.
fn listed(way: &str) -> Vec<&'static str> {
    let page = include_str!("../../../docs/webhooks.md");
    let table = page.split_once("| type | asked for by |").unwrap().1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let asked = cells.filter(|cells| cells[2].split(", ").any(|by| by == way));
    let names = asked.flat_map(|cells| cells[1].split_whitespace());
    names.map(|name| name.trim_matches('`')).collect()
}

#[test]
fn the_page_lists_every_type_and_no_other() {
    for (way, types) in [("looks", &EVENT_TYPES[..]), ("webhooks", &WEBHOOK_TYPES[..])] {
        let listed = listed(way);
        let names: BTreeSet<&str> = listed.iter().copied().collect();
        assert_eq!(names.len(), listed.len(), "{way}: named twice");
        let asked: BTreeSet<&str> = types.iter().copied().collect();
        assert_eq!(names, asked, "{way}");
    }
}
