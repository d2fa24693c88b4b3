"""What many workspaces cost: turns a second and memory of replicas, and what one database takes."""
