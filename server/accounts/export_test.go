package accounts

import "context"

// Stored returns the account as it is in the file.
func (s *SQLite) Stored(ctx context.Context, handle string) (User, error) {
	u, err := s.query(ctx, s.read, Key(handle))
	if err != nil {
		return User{}, err
	}
	return *u, nil
}
