"""What `gi_star` and `local_moran` share: neighbours, chance."""
