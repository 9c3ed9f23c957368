"""Both accounts through boto3: who, where, may we, what AWS says."""
