"""Benchmarks. They print figures and judge nothing; the tests judge."""
