"""Where moto answers otherwise than AWS, and is fixed."""
