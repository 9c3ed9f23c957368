"""What a CloudFormation, SAM or CDK template is made of, read part by part. Pure."""
