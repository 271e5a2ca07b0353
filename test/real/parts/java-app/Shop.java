import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import javax.management.ObjectName;

/** An application that counts its orders in an MBean, as Java applications do that know nothing of Prometheus. */
public final class Shop {
    public interface OrdersMBean {
        long getPlaced();

        double getBasketAverage();
    }

    public static final class Orders implements OrdersMBean {
        public long getPlaced() {
            return 42;
        }

        public double getBasketAverage() {
            return 17.25;
        }
    }

    public static void main(String[] arguments) throws Exception {
        ManagementFactory.getPlatformMBeanServer()
            .registerMBean(new Orders(), new ObjectName("shop:type=Orders,region=eu"));
        new CountDownLatch(1).await();
    }
}
