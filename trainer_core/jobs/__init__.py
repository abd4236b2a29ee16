"""Durable jobs: rows in the database, worker processes that do them, events that tell how they go."""
