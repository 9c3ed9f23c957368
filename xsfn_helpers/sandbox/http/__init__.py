"""The sandbox's door: connections, requests and answers."""
