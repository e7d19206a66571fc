"""What every paper's tables share: experiments, test clips, tables, claims."""
