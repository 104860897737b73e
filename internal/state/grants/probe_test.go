package grants_test
import ("testing";"fmt";"sort"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
)
func TestProbe(t *testing.T){
	w:=newWorld(t,"")
	w.bucketPolicy(`{"Effect":"Allow","Principal":{"AWS":"`+w.users["development"]+`"},"Action":"s3:*","Resource":["arn:aws:s3:::`+bucket+`","arn:aws:s3:::`+bucket+`/*"]}`)
	w.keyPolicy("development",`{"Effect":"Allow","Principal":{"AWS":"`+w.users["development"]+`"},"Action":"kms:*","Resource":"*"}`)
	w.ownPolicy("development",`{"Effect":"Allow","Action":["s3:*","kms:*"],"Resource":"*"}`)
	for _,b:=range enginetest.All(t){
	n:=len(w.sb.Events())
	d:=w.workdir(b,"development","development-"+b.Name,true)
	for _,a:=range [][]string{{"init"},{"apply","-auto-approve","-var=generation=1"},{"plan","-var=generation=1"},{"apply","-auto-approve","-var=generation=2"}} {
		out,err:=d.run(a...)
		if err!=nil {t.Fatal(out)}
	}
	seen:=map[string]bool{}
	for _,e:=range w.sb.Events()[n:]{
		if len(e.Decisions)==0 {fmt.Println("nodec",e.EventName)}
		for _,x:=range e.Decisions { seen[fmt.Sprintf("%s %s %s %v",e.EventName,x.Action,x.Resource, e.RequestParameters)]=true }
	}
	var l []string; for k:=range seen{l=append(l,k)}; sort.Strings(l); for _,x:=range l{fmt.Println(b.Name,x)}
	}
}
