import java.io.PrintStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * KafkaNode HOME PORT SASL_PORT CONTROLLER_PORT SCRAM_USER SCRAM_PASSWORD [KEY=VALUE ...]: formats a KRaft node (broker and controller) where
 * there is none yet, and runs it in this JVM. PORT is open to everybody, SASL_PORT asks for SCRAM-SHA-512 or PLAIN.
 */
final class KafkaNode {
  private static final String CLUSTER_ID = "dGVzdC1jbHVzdGVyLWlkIQ";
  private static final List<String> ONE = List.of(
      "offsets.topic.replication.factor", "offsets.topic.num.partitions", "transaction.state.log.replication.factor",
      "transaction.state.log.min.isr", "transaction.state.log.num.partitions", "share.coordinator.state.topic.replication.factor",
      "share.coordinator.state.topic.min.isr", "default.replication.factor");

  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]).toAbsolutePath();
    String user = arguments[4];
    String password = arguments[5];
    String open = "OPEN://127.0.0.1:" + arguments[1];
    String sasl = "SASL://127.0.0.1:" + arguments[2];
    Properties settings = new Properties();
    settings.setProperty("process.roles", "broker,controller");
    settings.setProperty("node.id", "1");
    settings.setProperty("controller.quorum.voters", "1@127.0.0.1:" + arguments[3]);
    settings.setProperty("listeners", open + "," + sasl + ",CONTROLLER://127.0.0.1:" + arguments[3]);
    settings.setProperty("advertised.listeners", open + "," + sasl);
    settings.setProperty("listener.security.protocol.map", "OPEN:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.setProperty("controller.listener.names", "CONTROLLER");
    settings.setProperty("inter.broker.listener.name", "OPEN");
    settings.setProperty("listener.name.sasl.sasl.enabled.mechanisms", "SCRAM-SHA-512,PLAIN");
    settings.setProperty("listener.name.sasl.scram-sha-512.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;");
    settings.setProperty("listener.name.sasl.plain.sasl.jaas.config",
        "org.apache.kafka.common.security.plain.PlainLoginModule required user_" + user + "=\"" + password + "\";");
    settings.setProperty("log.dirs", home.resolve("data").toString());
    settings.setProperty("num.partitions", "3");
    for (String key : ONE) settings.setProperty(key, "1");
    settings.setProperty("group.initial.rebalance.delay.ms", "0");
    settings.setProperty("log.cleaner.dedupe.buffer.size", "8388608"); // 128 MiB by default: too much for a small heap
    for (int i = 6; i < arguments.length; i++) {
      int equals = arguments[i].indexOf('=');
      settings.setProperty(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
    }
    Path file = home.resolve("server.properties");
    try (Writer writer = Files.newBufferedWriter(file)) {
      settings.store(writer, null);
    }
    if (!Files.exists(home.resolve("data").resolve("meta.properties"))) {
      String scram = "SCRAM-SHA-512=[name=" + user + ",password=" + password + "]";
      Object code = Class.forName("kafka.tools.StorageTool").getMethod("execute", String[].class, PrintStream.class).invoke(
          null, new String[] {"format", "-t", CLUSTER_ID, "-c", file.toString(), "--add-scram", scram}, System.err);
      if (!code.equals(0)) System.exit((int) code);
    }
    Class.forName("kafka.Kafka").getMethod("main", String[].class).invoke(null, (Object) new String[] {file.toString()});
  }
}
