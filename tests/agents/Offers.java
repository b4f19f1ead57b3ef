import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Java's own client as it comes: it offers HTTP/2 with every request. */
public class Offers {
    public static void main(String[] arguments) throws Exception {
        String base = System.getenv("BASE");
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest.Builder get = request(base + "/user").GET();
        HttpRequest.Builder post = request(base + "/repos/o/r/issues/1/comments")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"body\":\"yes\"}"));
        HttpRequest.Builder streamed = request(base + "/repos/o/r/issues/2/comments")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofInputStream(
                () -> new java.io.ByteArrayInputStream("{\"body\":\"yes\"}".getBytes())));
        for (HttpRequest.Builder one : new HttpRequest.Builder[] {get, post, get, streamed, get}) {
            HttpResponse<String> answer = client.send(one.build(), HttpResponse.BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.version());
        }
    }

    private static HttpRequest.Builder request(String url) {
        return HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer " + System.getenv("PASS"));
    }
}
