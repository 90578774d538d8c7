"""What results mean: tables, comparison, figures, report, calibration. Reads the store."""
