package lock

// All returns every lock, in the order they are shown. A
// new lock is a file like plain_http.go and a line here.
func All() []*Lock {
	return []*Lock{
		plainHTTP(),
		uploadWithoutSSEKMS(),
		uploadUnderAnotherKey(),
		uploadThatNamesNoKey(),
		readWithoutDecrypt(),
		bucketDestroy(),
		secondApply(),
		oldVersions(),
		otherProject(),
		branchForApply(),
		wrongAudience(),
		falseTokens(),
		impossibleSubject(),
		tokenMatrix(),
		planCannotWrite(),
		noLongLivedKeys(),
		otherEnvironment(),
		secondPlan(),
		operatorMFA(),
		operatorFence(),
		trailStays(),
		baselineStays(),
		logTampering(),
		publicBucket(),
		unencryptedVolume(),
		passwordPolicy(),
		logBucketsDestroy(),
		alertsEndToEnd(),
	}
}
