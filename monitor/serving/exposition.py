"""Store and snapshot as Prometheus text."""
