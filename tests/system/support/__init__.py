"""What the system tests share: a private Docker Engine, the daemon, its clients, and waiting."""
