"""Evidence: tables of measurements, the statistic of differences, verdicts on claims."""
