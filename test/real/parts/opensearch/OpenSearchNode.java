import java.lang.reflect.Constructor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;

/**
 * OpenSearchNode HOME [KEY=VALUE ...]: one OpenSearch 2.x node in this JVM, the class that the distribution starts, without its bootstrap
 * (which refuses root and asks for kernel settings). A value in brackets is a list; plugin=CLASS adds a plugin of the class path.
 * Prints `READY HOST:PORT` once HTTP is open.
 */
final class OpenSearchNode {
  private static final List<String> MODULES = List.of(
      "org.opensearch.transport.Netty4Plugin",
      "org.opensearch.analysis.common.CommonAnalysisPlugin",
      "org.opensearch.index.mapper.MapperExtrasPlugin");

  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]).toAbsolutePath();
    for (String folder : List.of("config", "modules", "plugins")) Files.createDirectories(home.resolve(folder));
    Settings.Builder settings = Settings.builder()
        .put("path.home", home.toString()).put("path.data", home.resolve("data").toString()).put("path.logs", home.resolve("logs").toString())
        .put("cluster.name", "vigie-real").put("node.name", "n1").put("network.host", "127.0.0.1")
        .put("transport.port", "0").put("discovery.type", "single-node")
        .put("cluster.routing.allocation.disk.threshold_enabled", "false");
    List<Class<?>> plugins = new ArrayList<>();
    for (String module : MODULES) plugins.add(Class.forName(module));
    for (String argument : Arrays.asList(arguments).subList(1, arguments.length)) {
      String key = argument.substring(0, argument.indexOf('='));
      String value = argument.substring(key.length() + 1);
      if (key.equals("plugin")) plugins.add(Class.forName(value));
      else if (value.startsWith("[")) settings.putList(key, value.substring(1, value.length() - 1).split(";"));
      else settings.put(key, value);
    }
    Environment environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), home.resolve("config"), () -> "n1");
    Constructor<Node> constructor = Node.class.getDeclaredConstructor(Environment.class, Collection.class, boolean.class);
    constructor.setAccessible(true);
    Node node = constructor.newInstance(environment, plugins, false);
    node.start();
    System.out.println("READY " + node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress());
    Thread.currentThread().join();
  }
}
