import java.io.PrintStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * KafkaNode HOME SCRAM_USER SCRAM_PASSWORD KEY=VALUE ...: formats a KRaft node (broker and controller) where there is none yet, with that user for
 * both SCRAM mechanisms, and runs it in this JVM. The listeners are among the settings.
 */
final class KafkaNode {
  private static final String CLUSTER_ID = "dGVzdC1jbHVzdGVyLWlkIQ";
  private static final List<String> ONE = List.of(
      "offsets.topic.replication.factor", "offsets.topic.num.partitions", "transaction.state.log.replication.factor",
      "transaction.state.log.min.isr", "transaction.state.log.num.partitions", "share.coordinator.state.topic.replication.factor",
      "share.coordinator.state.topic.min.isr", "default.replication.factor");

  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]).toAbsolutePath();
    Properties settings = new Properties();
    settings.setProperty("process.roles", "broker,controller");
    settings.setProperty("node.id", "1");
    settings.setProperty("log.dirs", home.resolve("data").toString());
    settings.setProperty("num.partitions", "3");
    for (String key : ONE) settings.setProperty(key, "1");
    settings.setProperty("group.initial.rebalance.delay.ms", "0");
    settings.setProperty("log.cleaner.dedupe.buffer.size", "8388608"); // 128 MiB by default: too much for a small heap
    for (int i = 3; i < arguments.length; i++) {
      int equals = arguments[i].indexOf('=');
      settings.setProperty(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
    }
    Path file = home.resolve("server.properties");
    try (Writer writer = Files.newBufferedWriter(file)) {
      settings.store(writer, null);
    }
    if (!Files.exists(home.resolve("data").resolve("meta.properties"))) {
      String user = "=[name=" + arguments[1] + ",password=" + arguments[2] + "]";
      Object code = Class.forName("kafka.tools.StorageTool").getMethod("execute", String[].class, PrintStream.class).invoke(
          null, new String[] {"format", "-t", CLUSTER_ID, "-c", file.toString(),
              "--add-scram", "SCRAM-SHA-256" + user, "--add-scram", "SCRAM-SHA-512" + user}, System.err);
      if (!code.equals(0)) System.exit((int) code);
    }
    Class.forName("kafka.Kafka").getMethod("main", String[].class).invoke(null, (Object) new String[] {file.toString()});
  }
}
