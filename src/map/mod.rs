//! Pure: a source object and the rules in, a record out. No async, no connection, no clock.
