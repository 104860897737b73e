package dispatch

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// encodeUnknown answers for a service that the sandbox does not have, in the
// protocol that the request seems to speak, so that the client reports the
// message instead of a parse error.
func encodeUnknown(w http.ResponseWriter, c *op.Call, e *op.Error) {
	r := c.HTTP
	w.Header().Set("X-Amzn-RequestId", c.ID)
	contentType := r.Header.Get("Content-Type")
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(e.Status)
		_, _ = w.Write([]byte("<ErrorResponse><Errors><Error>" + element("Code", e.Code) + element("Message", e.Message) +
			"</Error></Errors><Error><Type>Sender</Type>" + element("Code", e.Code) + element("Message", e.Message) + "</Error>" + element("RequestId", c.ID) + "</ErrorResponse>"))
		return
	}
	if contentType == "" || strings.Contains(contentType, "xml") {
		if r.Header.Get("X-Amz-Content-Sha256") != "" && !strings.Contains(contentType, "json") && strings.Contains(r.Host, "s3") {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(e.Status)
			_, _ = w.Write([]byte("<Error>" + element("Code", e.Code) + element("Message", e.Message) + element("RequestId", c.ID) + "</Error>"))
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", e.Code)
	w.WriteHeader(e.Status)
	body, _ := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message}) // strings always marshal
	_, _ = w.Write(body)
}

func element(name, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes every write
	return "<" + name + ">" + b.String() + "</" + name + ">"
}
