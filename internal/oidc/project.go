package oidc

// GitLabProject returns the ID that the tokens of a GitLab project carry as
// project_id, made up from its path and the same every time. The error says that
// the path is none that GitLab would give a project.
func GitLabProject(path string) (string, error) {
	if err := checkPath("project", path, 0); err != nil {
		return "", err
	}
	return id("project", path), nil
}
