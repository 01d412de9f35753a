"""Who other players are to this one: keys, names, invitations, the jam's key, and what each level may."""
