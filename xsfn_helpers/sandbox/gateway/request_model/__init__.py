"""A call's parameters against the models that botocore has of the services."""
