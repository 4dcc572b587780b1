"""HTTP: the webhooks, health, the simulator. Flask lives here."""
