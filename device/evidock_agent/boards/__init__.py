"""What touches hardware: ports of real boards."""
