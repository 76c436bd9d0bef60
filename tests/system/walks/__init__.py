"""Every operation of AWS Batch, called in an order in which each has what it needs. A walk takes a
caller `aws(operation, **parameters)`, which returns the answer's body; model_test says what it
checks on the way."""
