"""What tasks call besides Step Functions: as much of Lambda, DynamoDB, S3 and SQS as a cross-account task needs.

Small services of the sandbox's own, straight on its journal, rather than moto's: what moto holds is in memory only, and
a sandbox that was killed must come back with everything it had acknowledged. Each names its calls as IAM names them
(action, resource, condition keys); the gateway decides, and hands over what is allowed.
"""
