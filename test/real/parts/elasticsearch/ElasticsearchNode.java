import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.http.HttpServerTransport;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * ElasticsearchNode HOME MODULES [KEY=VALUE ...]: one Elasticsearch 8.x node in this JVM, the class that the distribution starts, without its
 * bootstrap (which refuses root and asks for kernel settings). MODULES holds one folder per module: its jars and its plugin-descriptor.properties.
 * Prints `READY HOST:PORT` once HTTP is open.
 */
final class ElasticsearchNode {
  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]).toAbsolutePath();
    for (String folder : List.of("config", "plugins", "logs")) Files.createDirectories(home.resolve(folder));
    Settings.Builder settings = Settings.builder()
        .put("path.home", home.toString()).put("path.data", home.resolve("data").toString()).put("path.logs", home.resolve("logs").toString())
        .put("cluster.name", "vigie-real").put("node.name", "n1").put("network.host", "127.0.0.1")
        .put("transport.port", "0").put("discovery.type", "single-node")
        .put("cluster.routing.allocation.disk.threshold_enabled", "false");
    for (String argument : Arrays.asList(arguments).subList(2, arguments.length)) {
      int equals = argument.indexOf('=');
      settings.put(argument.substring(0, equals), argument.substring(equals + 1));
    }
    Environment environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), home.resolve("config"), () -> "n1");
    LogConfigurator.configureESLogging();
    LogConfigurator.setNodeName("n1");
    PluginsLoader plugins = PluginsLoader.createPluginsLoader(
        PluginsLoader.loadModulesBundles(Path.of(arguments[1])), Set.of(), Map.of(), false);
    Node node = new Node(environment, plugins);
    node.start();
    System.out.println("READY " + node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress());
    Thread.currentThread().join();
  }
}
