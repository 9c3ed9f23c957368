"""What was asked about and in which words of AWS's, and the answer in five lines."""
